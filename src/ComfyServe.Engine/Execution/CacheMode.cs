namespace ComfyServe.Engine.Execution;

/// <summary>Which results are kept from prompt to prompt.</summary>
internal enum CacheMode
{
    /// <summary>Those of the newest prompt.</summary>
    Classic,

    /// <summary>A number of results, those of the newest prompts.</summary>
    Recent,

    /// <summary>None; within a prompt, a result goes when the last node that needs it has run.</summary>
    None,
}
