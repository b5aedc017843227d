namespace ComfyServe.Training.Data;

/// <summary>A picture that can be drawn at any size, and the words for it.</summary>
/// <param name="Caption">English words.</param>
/// <param name="Background">The named colour behind shapes; null in scenes that are not shapes on a background.</param>
/// <param name="Shapes">The shapes that the caption names.</param>
/// <param name="Layers">What is drawn, back to front; the first covers everything.</param>
public sealed record Scene(string Caption, NamedColor? Background, IReadOnlyList<PlacedShape> Shapes, IReadOnlyList<Layer> Layers);
