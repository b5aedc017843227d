using System.Text.Json.Nodes;
using ComfyServe.Engine.Folders;
using ComfyServe.Engine.Nodes.Schema;
using ComfyServe.Workflows.Json;

namespace ComfyServe.Engine.Execution;

/// <summary>
/// Checks a prompt before it is queued, with ComfyUI's rules and error bodies. Safe to use from several threads at once;
/// each prompt belongs to one of them.
/// </summary>
internal sealed class PromptValidator(NodeCatalogue catalogue, EngineFolders folders)
{
    /// <summary>Checks a prompt; converts its literals in place.</summary>
    /// <param name="prompt">Node id → <c>{class_type, inputs}</c>.</param>
    /// <param name="partialTargets">The outputs that are wanted; null: all.</param>
    public PromptValidation Validate(JsonObject prompt, IReadOnlyList<string>? partialTargets)
    {
        var nodes = new Dictionary<string, NodeDescriptor>(StringComparer.Ordinal);
        var outputs = new List<string>();
        foreach (var (id, value) in prompt)
        {
            if (value is not JsonObject entry || !entry.TryGetPropertyValue("class_type", out var type))
            {
                return Refuse(ValidationErrors.MissingClass(id));
            }

            if ((type as JsonValue)?.TryGetValue(out string? name) != true || !catalogue.TryGet(name!, out var node))
            {
                return Refuse(ValidationErrors.UnknownClass(id, PythonText.Show(type)));
            }

            nodes[id] = node;
            if (node.Node.IsOutput && partialTargets?.Contains(id, StringComparer.Ordinal) != false)
            {
                outputs.Add(id);
            }
        }

        return outputs.Count == 0
            ? Refuse(ValidationErrors.NoOutputs())
            : ValidateOutputs(new PromptChecks(prompt, nodes, new InputCheck(prompt, nodes, folders)), outputs);
    }

    private static PromptValidation ValidateOutputs(PromptChecks checks, List<string> outputs)
    {
        var good = new List<string>();
        var failed = new List<NodeCheck>();
        var nodeErrors = new JsonObject();
        foreach (var output in outputs)
        {
            var check = checks.Run(output);
            if (check.IsValid)
            {
                good.Add(output);
                continue;
            }

            failed.Add(check);
            foreach (var invalid in checks.Done.Where(c => !c.IsValid && c.Errors.Count > 0))
            {
                AddDependent(nodeErrors, invalid, output);
            }
        }

        var error = good.Count > 0 ? null : ValidationErrors.OutputsFailed(failed.SelectMany(c => c.Errors));
        return new PromptValidation(error, nodeErrors, good);
    }

    private static void AddDependent(JsonObject nodeErrors, NodeCheck invalid, string output)
    {
        if (nodeErrors[invalid.Id] is not JsonObject entry)
        {
            nodeErrors[invalid.Id] = entry = new JsonObject
            {
                ["errors"] = new JsonArray([.. invalid.Errors.Select(e => e.DeepClone())]),
                ["dependent_outputs"] = new JsonArray(),
                ["class_type"] = invalid.Node.Name,
            };
        }

        entry["dependent_outputs"]!.AsArray().Add(JsonValue.Create(output));
    }

    private static PromptValidation Refuse(JsonObject error) => new(error, [], []);
}
