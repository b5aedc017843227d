using System.Text.Json.Nodes;
using TorchSharp;

namespace ComfyServe.Engine.Execution;

/// <summary>Where a run reports to. Called on the inference thread: no call may block.</summary>
internal interface IExecutionListener
{
    /// <summary>Whether <see cref="Preview"/> has a use.</summary>
    bool WantsPreviews { get; }

    /// <summary>Whether a message would reach anybody: else none need be written.</summary>
    bool Reaches(Audience audience);

    /// <summary>Sends a message. The listener owns <paramref name="data"/>: the run does not touch it afterwards.</summary>
    /// <param name="type"><c>execution_start</c>, <c>executing</c>, <c>progress_state</c>, <c>executed</c>…</param>
    /// <param name="data">The message's data.</param>
    /// <param name="audience">Who gets it.</param>
    void Send(string type, JsonObject data, Audience audience);

    /// <summary>Names the node that runs now, for a client that connects in the middle; null when none does.</summary>
    void Current(string? displayNodeId);

    /// <summary>Shows the latents of a step. Called between the step's <c>progress_state</c> and its <c>progress</c>.</summary>
    /// <param name="node">The node that samples.</param>
    /// <param name="denoised">The denoised latents so far, <c>[N, 4, h, w]</c>; valid during the call only.</param>
    void Preview(NodePlace node, torch.Tensor denoised);

    /// <summary>Shows a text on a node.</summary>
    void Text(string nodeId, string text);

    /// <summary>Sends a finished picture. Called between the step's <c>progress_state</c> and its <c>progress</c>.</summary>
    /// <param name="node">The node that made it.</param>
    /// <param name="png">The picture as a PNG file.</param>
    void Image(NodePlace node, ReadOnlyMemory<byte> png)
    {
    }
}
