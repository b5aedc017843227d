using System.Text.Json.Nodes;
using ComfyServe.Engine.Folders;

namespace ComfyServe.Engine.Nodes.Schema;

/// <summary>One input of a node, read from a parameter.</summary>
internal sealed class NodeInput
{
    /// <summary>The name in workflows.</summary>
    public required string Name { get; init; }

    /// <summary>The type string; <c>COMBO</c> for a list of choices.</summary>
    public required string Type { get; init; }

    /// <summary>The class that the method receives (of one element, where the node takes lists).</summary>
    public required Type ClrType { get; init; }

    /// <summary>Position among the method's parameters.</summary>
    public required int Parameter { get; init; }

    /// <summary>May be left out: the parameter has a default value.</summary>
    public bool IsOptional { get; init; }

    /// <summary>What the method receives when the input is left out.</summary>
    public object? Absent { get; init; }

    /// <summary>What the engine fills in; null for an input of the workflow.</summary>
    public HiddenInput? Hidden { get; init; }

    /// <summary>Computed on demand.</summary>
    public bool IsLazy { get; init; }

    /// <summary>Reads the choices; null where the input is no list.</summary>
    public Func<EngineFolders, IReadOnlyList<string>>? Choices { get; init; }

    /// <summary>A list of choices is written as <c>COMBO</c> with options also in the earlier form of the entry.</summary>
    public bool IsNamedCombo { get; init; }

    /// <summary>The choices come from files: they may change from call to call.</summary>
    public bool IsScanned { get; init; }

    /// <summary>The entry has an options object even where it is empty: the parameter has an <see cref="InputAttribute"/>.</summary>
    public bool HasOptionsObject { get; init; }

    /// <summary>The options, without choices. Never changed after it was read.</summary>
    public required JsonObject Options { get; init; }
}
