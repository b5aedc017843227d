namespace ComfyServe.Provisioning.Running;

/// <summary>A step failed for a reason that its message tells.</summary>
internal sealed class StepException(string message) : Exception(message);
