namespace ComfyServe.Provisioning.CustomWorkers;

/// <summary>A Python worker could not be made ready to run; the message says why and what next.</summary>
public sealed class PythonWorkerException(string message) : Exception(message);
