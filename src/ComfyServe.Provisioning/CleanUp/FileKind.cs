namespace ComfyServe.Provisioning.CleanUp;

/// <summary>What a file that clean-up may delete is.</summary>
public enum FileKind
{
    /// <summary>A preview or another file that nobody keeps.</summary>
    Temporary,

    /// <summary>An input that was fetched for a request and can be fetched again.</summary>
    CachedInput,

    /// <summary>A result.</summary>
    Output,
}
