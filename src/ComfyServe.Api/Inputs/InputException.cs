using ComfyServe.Contracts.Api;

namespace ComfyServe.Api.Inputs;

/// <summary>An input could not be had.</summary>
internal sealed class InputException(JobErrorCode code, string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>Whether it was refused or could not be reached.</summary>
    public JobErrorCode Code { get; } = code;
}
