using ComfyServe.Api.Requests;

namespace ComfyServe.Api.Inputs;

/// <summary>A workflow whose files are at hand; on each engine they get a name.</summary>
internal sealed class PreparedInputs(ReadOnlyMemory<byte> workflow, IReadOnlyList<(FileInput Input, InputHold File)> files) : IDisposable
{
    /// <summary>Whether the workflow brings files along.</summary>
    public bool HasFiles => files.Count > 0;

    /// <summary>The files.</summary>
    public IEnumerable<InputHold> Files => files.Select(f => f.File).DistinctBy(f => f.File.FileName);

    /// <summary>The workflow with the files' names in place of what stood there.</summary>
    /// <param name="nameOf">The name that a file has on the engine.</param>
    public ReadOnlyMemory<byte> Workflow(Func<CachedFile, string> nameOf)
    {
        var splices = new JsonSplices();
        foreach (var (input, file) in files)
        {
            splices.Add(input.Start, input.End, JsonText.Encode(nameOf(file.File) + (input.NeedsFolder ? " [input]" : "")));
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
