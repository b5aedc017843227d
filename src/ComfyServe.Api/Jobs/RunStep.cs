namespace ComfyServe.Api.Jobs;

/// <summary>A step that a node made.</summary>
/// <param name="NodeId">The node; blank where the engine does not say.</param>
/// <param name="Value">Steps done.</param>
/// <param name="Max">Steps in all; 0 where the node has told of none.</param>
/// <param name="Fraction">Share of the workflow that is done, 0 … 1.</param>
internal readonly record struct RunStep(string NodeId, double Value, double Max, double Fraction);
