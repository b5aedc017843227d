using TorchSharp;

namespace ComfyServe.Engine.Nodes;

/// <summary>Where a running node's reports go.</summary>
internal interface INodeProgress
{
    /// <summary>A step is done.</summary>
    void Step(string nodeId, long value, long max, torch.Tensor? denoised);

    /// <summary>A text for the node in the editor.</summary>
    void Text(string nodeId, string text);

    /// <summary>A finished picture for the client alone, at a step.</summary>
    /// <param name="nodeId">The node that sends it.</param>
    /// <param name="value">The step.</param>
    /// <param name="max">Steps in all.</param>
    /// <param name="png">The picture as a PNG file.</param>
    void Image(string nodeId, long value, long max, ReadOnlyMemory<byte> png)
    {
    }
}
