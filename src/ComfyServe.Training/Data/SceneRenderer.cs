namespace ComfyServe.Training.Data;

/// <summary>Draws scenes with anti-aliased edges.</summary>
public static class SceneRenderer
{
    /// <summary>Draws a window of a scene as three planes [3, window, window], −1 to 1.</summary>
    /// <param name="scene">What to draw.</param>
    /// <param name="planes">Gets the picture: 3·window² values.</param>
    /// <param name="size">Side of the whole picture in pixels.</param>
    /// <param name="left">First column of the window.</param>
    /// <param name="top">First row of the window.</param>
    /// <param name="window">Side of the window; the whole picture when it equals <paramref name="size"/>.</param>
    public static void Draw(Scene scene, Span<float> planes, int size, int left = 0, int top = 0, int? window = null)
    {
        ArgumentNullException.ThrowIfNull(scene);
        var side = window ?? size;
        var plane = side * side;
        var pixel = 1f / size;
        for (var row = 0; row < side; row++)
        {
            var y = (top + row + 0.5f) * pixel;
            for (var column = 0; column < side; column++)
            {
                var color = ColorAt(scene.Layers, (left + column + 0.5f) * pixel, y, pixel);
                var at = (row * side) + column;
                planes[at] = (color.R * 2) - 1;
                planes[plane + at] = (color.G * 2) - 1;
                planes[(2 * plane) + at] = (color.B * 2) - 1;
            }
        }
    }

    private static Rgb ColorAt(IReadOnlyList<Layer> layers, float x, float y, float pixel)
    {
        // Front to back up to the first layer that covers the pixel, then blended back to front.
        var color = default(Rgb);
        var first = layers.Count - 1;
        while (first > 0 && layers[first].Distance(x, y) > -0.5f * pixel)
        {
            first--;
        }

        for (var i = first; i < layers.Count; i++)
        {
            var (distance, fill) = layers[i];
            var coverage = i == first ? 1 : Math.Clamp(0.5f - (distance(x, y) / pixel), 0, 1);
            if (coverage > 0)
            {
                color = color.Towards(fill.At(x, y, pixel), coverage);
            }
        }

        return color;
    }
}
