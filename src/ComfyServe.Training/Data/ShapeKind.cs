namespace ComfyServe.Training.Data;

/// <summary>The shapes that captions can name.</summary>
public enum ShapeKind
{
    /// <summary>A filled disc.</summary>
    Circle,

    /// <summary>Upright, four equal sides.</summary>
    Square,

    /// <summary>Equilateral, pointing up.</summary>
    Triangle,

    /// <summary>Five points, one of them up.</summary>
    Star,

    /// <summary>A disc with a hole of half its width.</summary>
    Ring,

    /// <summary>An upright plus sign.</summary>
    Cross,

    /// <summary>Two round lobes above a point.</summary>
    Heart,

    /// <summary>A square that stands on a corner.</summary>
    Diamond,
}
