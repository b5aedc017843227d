namespace ComfyServe.Training.Data;

/// <summary>How a second colour is laid over the first.</summary>
public enum Texture
{
    /// <summary>Not at all.</summary>
    Plain,

    /// <summary>Parallel bands.</summary>
    Stripes,

    /// <summary>Discs on a grid.</summary>
    Dots,

    /// <summary>Squares of a chess board.</summary>
    Checker,
}
