namespace ComfyServe.Worker.Admission;

/// <summary>How the work on a request ended.</summary>
internal enum WorkOutcome
{
    /// <summary>The API service did the work.</summary>
    Served,

    /// <summary>The API service answered for good, but not with work done: a bad or failed workflow.</summary>
    Answered,

    /// <summary>The API service could not be reached, broke off, or asks to come again.</summary>
    Broken,

    /// <summary>The client went away.</summary>
    Cancelled,
}
