namespace ComfyServe.Training.Data;

/// <summary>Where the first of two shapes is.</summary>
public enum Relation
{
    /// <summary>The caption does not say.</summary>
    And,

    /// <summary>Left of the second.</summary>
    LeftOf,

    /// <summary>Right of the second.</summary>
    RightOf,

    /// <summary>Above the second.</summary>
    Above,

    /// <summary>Below the second.</summary>
    Below,
}
