using TorchSharp;

namespace ComfyServe.Engine.Nodes;

/// <summary>Where a running node's reports go.</summary>
internal interface INodeProgress
{
    /// <summary>A step is done.</summary>
    void Step(string nodeId, long value, long max, torch.Tensor? denoised);

    /// <summary>A text for the node in the editor.</summary>
    void Text(string nodeId, string text);
}
