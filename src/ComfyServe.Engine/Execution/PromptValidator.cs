using System.Text.Json.Nodes;
using ComfyServe.Engine.Folders;
using ComfyServe.Engine.Nodes.Schema;
using ComfyServe.Workflows.Json;

namespace ComfyServe.Engine.Execution;

/// <summary>
/// Checks a prompt before it is queued, with ComfyUI's rules and error bodies. Safe to use from several threads at once;
/// each prompt belongs to one of them. Each node and link is looked at once, and what is told of mistakes is bounded.
/// </summary>
internal sealed class PromptValidator(NodeCatalogue catalogue, EngineFolders folders)
{
    /// <summary>Checks a prompt; converts its literals in place.</summary>
    /// <param name="prompt">Node id → <c>{class_type, inputs}</c>.</param>
    /// <param name="isTarget">Which outputs are wanted, by id; null: all.</param>
    public PromptValidation Validate(JsonObject prompt, Func<string, bool>? isTarget)
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
            if (node.Node.IsOutput && isTarget?.Invoke(id) != false)
            {
                outputs.Add(id);
            }
        }

        return outputs.Count == 0 ? Refuse(ValidationErrors.NoOutputs()) : ValidateOutputs(prompt, nodes, outputs);
    }

    private PromptValidation ValidateOutputs(JsonObject prompt, Dictionary<string, NodeDescriptor> nodes, List<string> outputs)
    {
        var budget = new ErrorBudget(NodeErrorReport.MostErrors);
        var checks = new PromptChecks(prompt, nodes, new InputCheck(prompt, nodes, folders), budget);
        var report = new NodeErrorReport(checks.Failed);
        var good = new List<string>();
        var failed = new List<NodeCheck>();
        foreach (var output in outputs)
        {
            var check = checks.Run(output);
            if (check.IsValid)
            {
                good.Add(output);
                continue;
            }

            failed.Add(check);
            report.Failed(output);
        }

        var error = good.Count > 0 ? null : ValidationErrors.OutputsFailed(failed.SelectMany(c => c.Errors), budget.LeftOut);
        return new PromptValidation(error, report.ToJson(), good) { ErrorsLeftOut = budget.LeftOut, Visits = checks.Visits + report.Visits };
    }

    private static PromptValidation Refuse(JsonObject error) => new(error, [], []);
}
