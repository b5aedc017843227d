using System.Text.Json.Nodes;

namespace ComfyServe.Engine.Nodes.Values;

/// <summary>
/// A result that is more graph: the engine runs the graph's nodes and takes the outputs from them.
/// </summary>
/// <typeparam name="T">What the node would return otherwise; it declares the outputs.</typeparam>
/// <param name="Graph">The nodes to add, in API format. Their ids must not exist yet; begin them with the own id.</param>
/// <param name="Results">One entry for each output: a <see cref="NodeLink"/> into the graph, or a value.</param>
public sealed record Expansion<T>(JsonObject Graph, IReadOnlyList<object?> Results) : IExpansion;
