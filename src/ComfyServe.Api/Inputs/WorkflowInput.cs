using System.Text.Json;

namespace ComfyServe.Api.Inputs;

/// <summary>A value of a workflow's node.</summary>
/// <param name="NodeId">The node.</param>
/// <param name="NodeType">Its class.</param>
/// <param name="Name">The input.</param>
/// <param name="Token">How the value begins.</param>
/// <param name="Text">What it is, where it is a text.</param>
/// <param name="Key">Where its name stands in the workflow's JSON.</param>
/// <param name="Start">Where it stands in the workflow's JSON.</param>
/// <param name="End">Where it ends; of a list or object, its first character.</param>
internal readonly record struct WorkflowInput(string NodeId, string NodeType, string Name, JsonTokenType Token, string? Text, long Key, long Start, long End)
{
    /// <summary>For messages.</summary>
    public string Place => $"node '{NodeId}' ({NodeType}), input '{Name}'";
}
