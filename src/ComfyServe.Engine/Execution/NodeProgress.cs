using ComfyServe.Engine.Nodes;
using TorchSharp;

namespace ComfyServe.Engine.Execution;

/// <summary>Passes a running node's steps on.</summary>
internal sealed class NodeProgress(NodePlace place, string promptId, ProgressBoard board, IExecutionListener listener) : INodeProgress
{
    /// <inheritdoc />
    public void Step(string nodeId, long value, long max, torch.Tensor? denoised)
    {
        board.Step(place, value, max);
        if (denoised is not null && listener.WantsPreviews)
        {
            listener.Preview(place, denoised);
        }

        SendProgress(value, max);
    }

    /// <inheritdoc />
    public void Image(string nodeId, long value, long max, ReadOnlyMemory<byte> png)
    {
        board.Step(place, value, max);
        listener.Image(place, png);
        SendProgress(value, max);
    }

    /// <inheritdoc />
    public void Text(string nodeId, string text) => listener.Text(nodeId, text);

    private void SendProgress(long value, long max) =>
        listener.Send(
            "progress",
            new() { ["value"] = value, ["max"] = max, ["prompt_id"] = promptId, ["node"] = place.NodeId },
            Audience.ClientOrAll);
}
