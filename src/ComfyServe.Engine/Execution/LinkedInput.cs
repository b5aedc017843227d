using System.Text.Json.Nodes;
using ComfyServe.Engine.Nodes.Schema;

namespace ComfyServe.Engine.Execution;

/// <summary>An input that waits for the check of the node that it is linked to.</summary>
/// <param name="Input">The input.</param>
/// <param name="Link">The link as written.</param>
/// <param name="NodeId">The linked node.</param>
internal sealed record LinkedInput(NodeInput Input, JsonArray Link, string NodeId);
