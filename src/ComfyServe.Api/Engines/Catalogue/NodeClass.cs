using System.Text.Json;
using ComfyServe.Api.Owners;

namespace ComfyServe.Api.Engines.Catalogue;

/// <summary>One class of nodes.</summary>
internal sealed class NodeClass
{
    private readonly Dictionary<string, InputSpec> _inputs = new(StringComparer.Ordinal);

    private NodeClass(string name) => Name = name;

    /// <summary>Its name.</summary>
    public string Name { get; }

    /// <summary>What people see as its name.</summary>
    public string DisplayName { get; private init; } = "";

    /// <summary>Whether it ends a workflow: it shows or saves something.</summary>
    public bool IsOutput { get; private init; }

    /// <summary>Whether it is one of ComfyUI's own: those check their values exactly as they describe them.</summary>
    public bool IsCore { get; private init; }

    /// <summary>Number of its outputs.</summary>
    public int Outputs { get; private init; }

    /// <summary>Its inputs, required ones first.</summary>
    public IReadOnlyCollection<InputSpec> Inputs => _inputs.Values;

    /// <summary>An input, or null.</summary>
    public InputSpec? Find(string input) => _inputs.GetValueOrDefault(input);

    /// <summary>The class as an owner may see it; itself, where no file is among its choices.</summary>
    public NodeClass For(OwnerFiles files)
    {
        if (!_inputs.Values.Any(static i => i.HasOwned || (i is { Use: FileUse.Load, Choices.Count: > 0 })))
        {
            return this;
        }

        var own = new NodeClass(Name) { DisplayName = DisplayName, IsOutput = IsOutput, IsCore = IsCore, Outputs = Outputs };
        foreach (var (name, input) in _inputs)
        {
            own._inputs[name] = input with { Choices = files.Choices(input), Default = input.Use == FileUse.Load ? default : input.Default };
        }

        return own;
    }

    /// <summary>Reads one entry of <c>/object_info</c>.</summary>
    public static NodeClass Read(string name, JsonElement entry)
    {
        var read = new NodeClass(name)
        {
            DisplayName = entry.TryGetProperty("display_name", out var display) && display.ValueKind == JsonValueKind.String && display.GetString() is { Length: > 0 } shown ? shown : name,
            IsOutput = entry.TryGetProperty("output_node", out var ends) && ends.ValueKind == JsonValueKind.True,
            IsCore = entry.TryGetProperty("python_module", out var module) && module.ValueKind == JsonValueKind.String
                && (module.ValueEquals("nodes"u8) || module.GetString()!.StartsWith("comfy_extras.", StringComparison.Ordinal)),
            Outputs = entry.TryGetProperty("output", out var outputs) && outputs.ValueKind == JsonValueKind.Array ? outputs.GetArrayLength() : 0,
        };
        if (entry.TryGetProperty("input", out var groups) && groups.ValueKind == JsonValueKind.Object)
        {
            foreach (var group in groups.EnumerateObject())
            {
                if (group.Name is "required" or "optional" && group.Value.ValueKind == JsonValueKind.Object)
                {
                    foreach (var input in group.Value.EnumerateObject())
                    {
                        var spec = InputSpec.Read(input.Name, input.Value, group.Name == "required");
                        read._inputs[input.Name] = spec with
                        {
                            Use = FileUses.Of(name, read.IsOutput, spec),
                            HasOwned = spec.Choices?.Any(c => OwnerNames.Find(c, 0) >= 0) == true,
                        };
                    }
                }
            }
        }

        return read;
    }
}
