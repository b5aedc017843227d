using ComfyServe.Training.Data;

namespace ComfyServe.Training.Evaluation;

/// <summary>What a picture shows.</summary>
/// <param name="Background">The colour around everything.</param>
/// <param name="Shapes">The shapes on it, largest first.</param>
public sealed record FoundPicture(NamedColor Background, IReadOnlyList<FoundShape> Shapes);
