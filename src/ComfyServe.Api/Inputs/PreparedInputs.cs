using ComfyServe.Api.Owners;
using ComfyServe.Api.Requests;

namespace ComfyServe.Api.Inputs;

/// <summary>A workflow whose files are at hand; on each engine they get a name.</summary>
internal sealed class PreparedInputs(ReadOnlyMemory<byte> workflow, IReadOnlyList<(FileInput Input, InputHold File)> files, OwnedNames names) : IDisposable
{
    /// <summary>Whether the workflow brings files along.</summary>
    public bool HasFiles => files.Count > 0;

    /// <summary>The folder that the files go to on an engine; blank where they are everybody's.</summary>
    public string Folder => names.Folder;

    /// <summary>The files.</summary>
    public IEnumerable<InputHold> Files => files.Select(f => f.File).DistinctBy(f => f.File.FileName);

    /// <summary>The workflow with the files' names in place of what stood there.</summary>
    /// <param name="nameOf">The name that a file has on the engine.</param>
    public ReadOnlyMemory<byte> Workflow(Func<CachedFile, string> nameOf)
    {
        var uploads = files.Select(f => new NameChange(f.Input.Start, f.Input.End, JsonText.Encode(nameOf(f.File.File) + (f.Input.NeedsFolder ? " [input]" : ""))));
        var splices = new JsonSplices();
        foreach (var change in names.Changes.Concat(uploads).OrderBy(c => c.Start))
        {
            splices.Add(change.Start, change.End, change.Json);
        }

        return splices.Apply(workflow);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var (_, file) in files)
        {
            file.Dispose();
        }
    }
}
