using System.Text.Json;
using ComfyServe.Api.Engines.Catalogue;
using ComfyServe.Api.Inputs;
using ComfyServe.Api.Requests;

namespace ComfyServe.Api.Owners;

/// <summary>
/// Reads the names of files in an owner's workflow: where his folder must go into them, and what cannot be let through. A name that another node makes is not
/// known before the run, so it is refused: an engine that knows no owners would take it as it comes.
/// </summary>
internal sealed class OwnedNamesReader
{
    private const int MaxProblems = 50;

    private readonly List<NameChange> _changes = [];
    private readonly List<ValidationProblem> _problems = [];
    private readonly OwnerFiles _files;
    private readonly NodeCatalogue? _catalogue;

    private OwnedNamesReader(OwnerFiles files, NodeCatalogue? catalogue) => (_files, _catalogue) = (files, catalogue);

    /// <summary>Reads a workflow.</summary>
    /// <param name="workflow">Valid JSON of a workflow.</param>
    /// <param name="catalogue">The engine's nodes, where known.</param>
    /// <param name="files">The owner's files.</param>
    public static OwnedNames Read(ReadOnlyMemory<byte> workflow, NodeCatalogue? catalogue, OwnerFiles files)
    {
        var reader = new OwnedNamesReader(files, catalogue);
        foreach (var node in Nodes(workflow))
        {
            reader.ReadNode(node);
        }

        return new(files.Folder, reader._changes, reader._problems);
    }

    private static IEnumerable<List<WorkflowInput>> Nodes(ReadOnlyMemory<byte> workflow)
    {
        var node = new List<WorkflowInput>();
        foreach (var input in WorkflowInputs.Read(workflow))
        {
            if (node.Count > 0 && node[0].NodeId != input.NodeId)
            {
                yield return node;
                node = [];
            }

            node.Add(input);
        }

        if (node.Count > 0)
        {
            yield return node;
        }
    }

    private void ReadNode(List<WorkflowInput> inputs)
    {
        var known = _catalogue?.Find(inputs[0].NodeType);
        AddDefaults(known, inputs);
        foreach (var input in inputs)
        {
            var spec = known?.Find(input.Name);
            var use = spec?.Use ?? FileUses.OfUnknown(input.NodeType, known?.IsOutput ?? true, input.Name);
            if (input.Text is { } text)
            {
                ReadText(input, text, use, spec);
            }
            else if (use == FileUse.Save || (use == FileUse.Load && input.Token != JsonTokenType.Null) || (use == FileUse.Choice && spec is { HasOwned: true }))
            {
                RefuseOther(input);
            }
        }
    }

    /// <summary>A place to write that is left out would be the same for all.</summary>
    private void AddDefaults(NodeClass? known, List<WorkflowInput> inputs)
    {
        foreach (var spec in known?.Inputs ?? [])
        {
            if (spec is { Use: FileUse.Save, IsRequired: false } && !inputs.Exists(i => i.Name == spec.Name))
            {
                var standard = spec.Default.ValueKind == JsonValueKind.String ? spec.Default.GetString()! : "ComfyUI";
                var own = JsonText.Encode(_files.Saved(standard) ?? _files.Saved("ComfyUI")!);
                _changes.Add(new(inputs[0].Key, inputs[0].Key, [.. JsonText.Encode(spec.Name), (byte)':', .. own, (byte)',']));
            }
        }
    }

    private void ReadText(WorkflowInput input, string text, FileUse use, InputSpec? spec)
    {
        if (_files.NamesAnother(text))
        {
            Refuse(input, "names a folder that is not yours");
            return;
        }

        if (use == FileUse.None || (InputValue.Of(text) != InputValue.Kind.Name && FileInputFinder.Holds(input, _catalogue, out _)))
        {
            return; // The file itself, or a URL: it gets a name of its own.
        }

        var name = use switch
        {
            FileUse.Load => _files.Loaded(text),
            FileUse.Save => _files.Saved(text),
            _ => _files.Chosen(text, spec),
        };
        if (name is null)
        {
            Refuse(input, "must name a place below your folder: no absolute path, and no '..' that leaves it");
        }
        else if (name != text)
        {
            _changes.Add(new(input.Start, input.End, JsonText.Encode(name)));
        }
    }

    private void RefuseOther(WorkflowInput input) => Refuse(
        input,
        input.Token == JsonTokenType.StartArray
            ? "comes from another node. With keys, names of files must stand in the workflow itself: they are checked before it runs"
            : "must be a text");

    private void Refuse(WorkflowInput input, string reason)
    {
        if (_problems.Count < MaxProblems)
        {
            _problems.Add(new("file_name", ["body", "input", "workflow_json", input.NodeId, "inputs", input.Name], $"{input.NodeType}: '{input.Name}' {reason}"));
        }
    }
}
