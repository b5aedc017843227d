namespace ComfyServe.Api.Inputs;

/// <summary>An input of a workflow's node that holds a file instead of naming one.</summary>
/// <param name="NodeId">The node.</param>
/// <param name="NodeType">Its class.</param>
/// <param name="Name">The input.</param>
/// <param name="Value">What it holds.</param>
/// <param name="Kind">What that is.</param>
/// <param name="Start">Where the value stands in the workflow's JSON.</param>
/// <param name="End">Where it ends.</param>
/// <param name="NeedsFolder">Whether the engine looks elsewhere than in its input folder unless told.</param>
internal sealed record FileInput(string NodeId, string NodeType, string Name, string Value, InputValue.Kind Kind, long Start, long End, bool NeedsFolder)
{
    /// <summary>For messages.</summary>
    public string Place => $"node '{NodeId}' ({NodeType}), input '{Name}'";
}
