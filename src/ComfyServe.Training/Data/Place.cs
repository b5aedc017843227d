namespace ComfyServe.Training.Data;

/// <summary>Where in the picture a single shape is.</summary>
public enum Place
{
    /// <summary>Near the middle; the caption does not say.</summary>
    Anywhere,

    /// <summary>At the left edge.</summary>
    Left,

    /// <summary>At the right edge.</summary>
    Right,

    /// <summary>At the top edge.</summary>
    Top,

    /// <summary>At the bottom edge.</summary>
    Bottom,

    /// <summary>In the upper left corner.</summary>
    TopLeft,

    /// <summary>In the upper right corner.</summary>
    TopRight,

    /// <summary>In the lower left corner.</summary>
    BottomLeft,

    /// <summary>In the lower right corner.</summary>
    BottomRight,
}
