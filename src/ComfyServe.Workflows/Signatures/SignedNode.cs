using System.Text.Json.Nodes;

namespace ComfyServe.Workflows.Signatures;

/// <summary>What of a node goes into a signature.</summary>
/// <param name="ClassType">The class.</param>
/// <param name="Inputs">Literals and links.</param>
/// <param name="Fingerprint">State outside of the workflow that the result depends on; null where there is none.</param>
/// <param name="OwnId">The node's id where equal nodes must not share a result; else null.</param>
public sealed record SignedNode(string ClassType, JsonObject Inputs, string? Fingerprint, string? OwnId);
