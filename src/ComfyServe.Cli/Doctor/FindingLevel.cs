namespace ComfyServe.Cli.Doctor;

/// <summary>How a check ended.</summary>
internal enum FindingLevel
{
    /// <summary>Right.</summary>
    Ok,

    /// <summary>It works, and could be better.</summary>
    Warning,

    /// <summary>Something will not work.</summary>
    Problem,

    /// <summary>Not configured, so not checked.</summary>
    NotUsed,
}
