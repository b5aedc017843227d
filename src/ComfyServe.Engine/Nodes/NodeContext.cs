using ComfyServe.Engine.Folders;
using TorchSharp;

namespace ComfyServe.Engine.Nodes;

/// <summary>What a node may use of the engine: a parameter of this type is filled in and is not an input.</summary>
public sealed class NodeContext
{
    /// <summary>Where files are.</summary>
    public required EngineFolders Folders { get; init; }

    /// <summary>Loaded checkpoints and the like, shared by all prompts.</summary>
    public required ModelCache Models { get; init; }

    /// <summary>The node's id in the workflow.</summary>
    public string NodeId { get; init; } = "";

    /// <summary>The prompt that runs.</summary>
    public string PromptId { get; init; } = "";

    /// <summary>Cancelled when the user interrupts the prompt.</summary>
    public CancellationToken Interrupted { get; init; }

    /// <summary>The clock for file names and the like.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>Chance for names, not for noise: noise comes from the workflow's seed.</summary>
    public Random Random { get; init; } = new();

    /// <summary>What the run may take: ask before making something large.</summary>
    public RunLimits Limits { get; init; } = new();

    internal INodeProgress? Listener { get; init; }

    internal Execution.MemoryGate? Gate { get; init; }

    internal int Call { get; init; }

    private int _graphs;

    /// <summary>
    /// A prefix for the ids of the nodes of an <see cref="Values.Expansion{T}"/>: append a number to each. The ids are
    /// the same in every run, so that the results of these nodes are found again.
    /// </summary>
    public string NextPrefix() => $"{NodeId}.{Call}.{_graphs++}.";

    /// <summary>
    /// Reports a step and throws when the user interrupted: call it once for each sampling step or tile.
    /// </summary>
    /// <param name="value">Steps done.</param>
    /// <param name="max">Steps in all.</param>
    /// <param name="denoised">The denoised latents so far, <c>[N, 4, H, W]</c>, scaled; the first is shown as preview
    /// when the engine sends previews. The tensor is only read during the call.</param>
    /// <exception cref="OperationCanceledException">The user interrupted the prompt.</exception>
    public void Progress(long value, long max, torch.Tensor? denoised = null)
    {
        Interrupted.ThrowIfCancellationRequested();
        Listener?.Step(NodeId, value, max, denoised);
    }

    /// <summary>Asks for memory that the node's inputs do not tell of, before it is taken.</summary>
    /// <exception cref="NodeException">There is not as much.</exception>
    public void Reserve(long bytes) => Gate?.Ask(bytes, NodeId);

    /// <summary>Shows a text on the node in the editor.</summary>
    public void ShowText(string text) => Listener?.Text(NodeId, text);

    /// <summary>Sends a finished picture to the client that posted the prompt, and throws when the user interrupted.</summary>
    /// <param name="value">Which picture, from 0.</param>
    /// <param name="max">Pictures in all.</param>
    /// <param name="png">The picture as a PNG file.</param>
    /// <exception cref="OperationCanceledException">The user interrupted the prompt.</exception>
    public void ShowImage(long value, long max, ReadOnlyMemory<byte> png)
    {
        Interrupted.ThrowIfCancellationRequested();
        Listener?.Image(NodeId, value, max, png);
    }
}
