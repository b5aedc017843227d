using System.Text.Json.Nodes;
using ComfyServe.Engine.Folders;
using ComfyServe.Engine.Nodes;
using ComfyServe.Engine.Nodes.Schema;

namespace ComfyServe.Engine.Execution;

/// <summary>A node class's own check of its literals.</summary>
internal sealed class CustomCheck(NodeDescriptor node, EngineFolders folders)
{
    private readonly MethodCall? _method = node.Validate;

    /// <summary>The type of each linked input.</summary>
    public Dictionary<string, object?> ReceivedTypes { get; } = new(StringComparer.Ordinal);

    /// <summary>The check looks at the types of linked inputs itself.</summary>
    public bool ChecksTypes => _method?.Names.Contains(MethodCall.TypesParameter, StringComparer.Ordinal) == true;

    /// <summary>The check covers an input: the engine's range and choices do not apply.</summary>
    public bool Covers(string input) =>
        _method is not null && (_method.TakesEverything || _method.Names.Contains(input, StringComparer.Ordinal));

    /// <summary>Runs the check on the literals and adds its verdict.</summary>
    public void Run(NodeCheck check, JsonObject values)
    {
        if (_method is null)
        {
            return;
        }

        var literals = node.Inputs.Where(i => i.Hidden is null && Covers(i.Name) && values.ContainsKey(i.Name) && values[i.Name] is not JsonArray).ToList();
        if (literals.Count == 0 && !ChecksTypes)
        {
            return;
        }

        try
        {
            var reason = Call(literals.ToDictionary(i => i.Name, i => (object?)values[i.Name], StringComparer.Ordinal));
            foreach (var name in reason is null ? [] : literals.Select(static i => i.Name).Concat(ChecksTypes ? [MethodCall.TypesParameter] : []))
            {
                check.Add(() => ValidationErrors.Custom(name, reason!));
            }
        }
#pragma warning disable CA1031 // A node's own code: whatever it throws becomes an error of that node.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            check.Fault = ValidationFault.Of(exception);
        }
    }

    private string? Call(Dictionary<string, object?> literals)
    {
        if (ChecksTypes)
        {
            literals[MethodCall.TypesParameter] = ReceivedTypes;
        }

        var context = new NodeContext { Folders = folders, Models = new ModelCache() };
        return NamedCall.Invoke(_method!, literals, context) switch
        {
            null or true => null,
            false => "",
            var reason => reason.ToString() ?? "",
        };
    }
}
