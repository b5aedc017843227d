using System.Text.Json.Nodes;
using ComfyServe.Engine.Execution;
using ComfyServe.Engine.Previews;
using ComfyServe.Workflows.Json;
using TorchSharp;

namespace ComfyServe.Engine.Events;

/// <summary>Turns one run's reports into messages for its client.</summary>
/// <param name="hub">The connected clients.</param>
/// <param name="running">What clients that connect later are told.</param>
/// <param name="prompt">The prompt that runs.</param>
/// <param name="previews">How latents are shown.</param>
internal sealed class RunEvents(SocketHub hub, RunningPrompt running, QueuedPrompt prompt, PreviewMethod previews) : IExecutionListener
{
    // A client without metadata gets its preview after the step's `progress`, one with metadata before it.
    private OutgoingFrame? _afterNext;

    /// <inheritdoc/>
    public bool WantsPreviews => previews != PreviewMethod.None && hub.Reaches(prompt.ClientId);

    /// <inheritdoc/>
    public bool Reaches(Audience audience) =>
        (prompt.ClientId is not null || audience == Audience.ClientOrAll) && hub.Reaches(prompt.ClientId);

    /// <inheritdoc/>
    public void Send(string type, JsonObject data, Audience audience)
    {
        if (Reaches(audience))
        {
            hub.Send(prompt.ClientId, SocketHub.Message(type, data));
        }

        if (_afterNext is { } frame)
        {
            _afterNext = null;
            hub.Send(prompt.ClientId, frame);
        }
    }

    /// <inheritdoc/>
    public void Current(string? displayNodeId) => running.Set(prompt.ClientId, displayNodeId);

    /// <inheritdoc/>
    public void Preview(NodePlace node, torch.Tensor denoised)
    {
        if (LatentPreview.TryRead(denoised) is not { } picture)
        {
            return;
        }

        var size = picture.Rgb.Length;
        if (prompt.ClientId is { } client && hub.Find(client) is { KnowsPreviewMetadata: true } socket)
        {
            var metadata = Metadata(node, "image/jpeg");
            socket.Send(OutgoingFrame.Preview(size, () => BinaryFrames.PreviewWithMetadata(metadata, PreviewImage.ToJpeg(picture))));
            return;
        }

        _afterNext = OutgoingFrame.Preview(size, () => BinaryFrames.Preview(PreviewImage.ToJpeg(picture)));
    }

    /// <inheritdoc/>
    public void Text(string nodeId, string text) => hub.Send(prompt.ClientId, OutgoingFrame.Binary(BinaryFrames.Text(nodeId, text)));

    /// <inheritdoc/>
    public void Image(NodePlace node, ReadOnlyMemory<byte> png)
    {
        if (prompt.ClientId is { } client && hub.Find(client) is { KnowsPreviewMetadata: true } socket)
        {
            socket.Send(OutgoingFrame.Binary(BinaryFrames.PreviewWithMetadata(Metadata(node, "image/png"), png.Span)));
            return;
        }

        _afterNext = OutgoingFrame.Binary(BinaryFrames.FinishedPicture(png.Span));
    }

    private string Metadata(NodePlace node, string mediaType) => PythonJson.Write(new JsonObject
    {
        ["node_id"] = node.NodeId,
        ["prompt_id"] = prompt.PromptId,
        ["display_node_id"] = node.DisplayNodeId,
        ["parent_node_id"] = node.ParentNodeId,
        ["real_node_id"] = node.RealNodeId,
        ["image_type"] = mediaType,
    });
}
