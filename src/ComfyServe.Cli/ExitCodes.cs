namespace ComfyServe.Cli;

/// <summary>Exit codes of <c>comfyserve</c>; stable, listed in docs/reference/cli.md.</summary>
internal static class ExitCodes
{
    /// <summary>Done.</summary>
    public const int Success = 0;

    /// <summary>The workflow ran and failed, or was refused.</summary>
    public const int WorkflowFailed = 1;

    /// <summary>The command line, or a file that it names, is wrong.</summary>
    public const int Usage = 2;

    /// <summary>A service could not be reached.</summary>
    public const int Unreachable = 3;

    /// <summary>ComfyServe itself failed.</summary>
    public const int Internal = 4;

    /// <summary>A check found something that is not right, or provisioning failed.</summary>
    public const int NotRight = 5;

    /// <summary>Stopped by Ctrl-C.</summary>
    public const int Cancelled = 130;
}
