using ComfyServe.Training.Data;

namespace ComfyServe.Training.Evaluation;

/// <summary>A shape that the analysis found.</summary>
/// <param name="Shape">What it resembles most.</param>
/// <param name="Overlap">How well, 0 to 1.</param>
/// <param name="Color">Its most frequent colour.</param>
/// <param name="X">Centre of its frame, 0 left to 1 right.</param>
/// <param name="Y">Centre of its frame, 0 top to 1 bottom.</param>
/// <param name="Area">Share of the picture that it covers.</param>
public sealed record FoundShape(ShapeKind Shape, double Overlap, NamedColor Color, double X, double Y, double Area);
