using System.Text.Json.Nodes;

namespace ComfyServe.Workflows;

/// <summary>One node of a workflow.</summary>
/// <param name="Id">The id that links use.</param>
/// <param name="ClassType">The class, for example <c>KSampler</c>.</param>
/// <param name="Inputs">Literals and links by input name.</param>
/// <param name="Title">The title that the editor shows; null where there is none.</param>
public sealed record WorkflowNode(string Id, string ClassType, JsonObject Inputs, string? Title)
{
    /// <summary>The linked inputs in order.</summary>
    public IEnumerable<KeyValuePair<string, WorkflowLink>> Links
    {
        get
        {
            foreach (var (name, value) in Inputs)
            {
                if (WorkflowLink.TryRead(value, out var link))
                {
                    yield return KeyValuePair.Create(name, link);
                }
            }
        }
    }
}
