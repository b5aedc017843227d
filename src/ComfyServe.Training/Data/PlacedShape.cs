namespace ComfyServe.Training.Data;

/// <summary>A shape that a caption names, and where it is.</summary>
/// <param name="Shape">Which shape.</param>
/// <param name="Color">Its (main) colour.</param>
/// <param name="X">Centre, 0 left to 1 right.</param>
/// <param name="Y">Centre, 0 top to 1 bottom.</param>
/// <param name="Radius">About half its width, as a share of the picture.</param>
public sealed record PlacedShape(ShapeKind Shape, NamedColor Color, float X, float Y, float Radius)
{
    /// <summary>The layer that draws it.</summary>
    public Layer ToLayer(Fill fill) => new((x, y) => ShapeDistance.Of(Shape, x - X, y - Y, Radius), fill);
}
