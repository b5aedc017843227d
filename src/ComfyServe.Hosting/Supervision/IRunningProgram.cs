namespace ComfyServe.Hosting.Supervision;

/// <summary>A program that was started.</summary>
public interface IRunningProgram
{
    /// <summary>Its process id.</summary>
    int Id { get; }

    /// <summary>Ends with its exit code: 128 and the signal's number where a signal ended it.</summary>
    Task<int> Ended { get; }

    /// <summary>Bytes of memory that it alone takes, or 0 where the system does not tell.</summary>
    long MemoryInUse { get; }

    /// <summary>Asks it to end (SIGTERM).</summary>
    void Terminate();

    /// <summary>Ends it and all that it started, at once (SIGKILL).</summary>
    void Kill();
}
