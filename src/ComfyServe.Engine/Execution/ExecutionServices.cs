using ComfyServe.Engine.Folders;
using ComfyServe.Engine.Nodes;
using ComfyServe.Engine.Nodes.Schema;

namespace ComfyServe.Engine.Execution;

/// <summary>What outlives a run.</summary>
internal sealed class ExecutionServices
{
    /// <summary>The node classes.</summary>
    public required NodeCatalogue Catalogue { get; init; }

    /// <summary>Where files are.</summary>
    public required EngineFolders Folders { get; init; }

    /// <summary>Loaded models.</summary>
    public required ModelCache Models { get; init; }

    /// <summary>The clock.</summary>
    public required TimeProvider Clock { get; init; }

    /// <summary>Chance, for names.</summary>
    public required Random Random { get; init; }

    /// <summary>Results of earlier prompts.</summary>
    public required IResultCache Results { get; init; }

    /// <summary>What one run may take.</summary>
    public required RunLimits Limits { get; init; }

    /// <summary>Asked before a node takes memory.</summary>
    public required MemoryGate Gate { get; init; }

    /// <summary>Most bytes of results to keep between runs.</summary>
    public required long KeptBytes { get; init; }

    /// <summary>Ends the process, with a reason, where a run cannot be ended; null where the process goes on.</summary>
    public Action<string>? GiveUp { get; init; }

    /// <summary>Tensors of the results.</summary>
    public required TensorLedger Tensors { get; init; }

    /// <summary>Objects behind nodes that keep state.</summary>
    public NodeInstances Instances { get; } = new();
}
