using System.Text.Json;
using ComfyServe.Contracts.Api;

namespace ComfyServe.Api.Engines;

/// <summary>
/// Classifies the failure of a node. The exception's type decides; only where an engine has no type of its own for a fault
/// (a plain <c>RuntimeError</c> from the GPU driver) does the beginning of the exception's message. Inputs, prompts and tracebacks are never looked at:
/// they are the caller's words.
/// </summary>
internal static class NodeFailure
{
    private static readonly string[] OutOfMemoryTypes = ["OutOfMemoryError", "OutOfMemoryException", "MemoryError"];
    private static readonly string[] UntypedErrors = ["RuntimeError", "Exception", "CudaError", "AcceleratorError", "DeferredCudaCallError"];

    private static readonly string[] OutOfMemoryBeginnings =
        ["CUDA out of memory", "CUDA error: out of memory", "HIP out of memory", "MPS backend out of memory", "Out of memory", "memory allocation failed", "insufficient memory", "Allocation on device"];

    private static readonly string[] DriverPrefixes = ["", "CUDA error: ", "HIP error: ", "CUDA runtime error: ", "Triton Error [CUDA]: "];

    private static readonly string[] FatalBeginnings =
    [
        "an illegal memory access", "illegal memory access", "unspecified launch failure", "device-side assert triggered", "misaligned address",
        "invalid device function", "invalid configuration argument", "uncorrectable ECC error", "unknown error", "the launch timed out",
    ];

    /// <summary>Reads the data of an <c>execution_error</c> message.</summary>
    public static JobError Read(JsonElement data)
    {
        var type = Text(data, "exception_type") ?? "Exception";
        var message = (Text(data, "exception_message") ?? "unknown error").Trim();
        var node = Text(data, "node_id");
        var nodeType = Text(data, "node_type");
        var code = Classify(type, message);
        return new()
        {
            Code = code,
            Message = $"node '{node}' ({nodeType}) failed: {type}: {message}",
            NodeId = node,
            NodeType = nodeType,
            ExceptionType = type,
            Retryable = code is JobErrorCode.OutOfMemory or JobErrorCode.GpuUnrecoverable,
        };
    }

    /// <summary>The kind of failure.</summary>
    /// <param name="exceptionType">Full dotted name of the exception's class.</param>
    /// <param name="message">The exception's message.</param>
    public static JobErrorCode Classify(string exceptionType, string message)
    {
        var name = exceptionType[(exceptionType.LastIndexOf('.') + 1)..];
        if (OutOfMemoryTypes.Contains(name, StringComparer.Ordinal))
        {
            return JobErrorCode.OutOfMemory;
        }

        if (!UntypedErrors.Contains(name, StringComparer.Ordinal))
        {
            return JobErrorCode.NodeFailed;
        }

        if (OutOfMemoryBeginnings.Any(b => message.StartsWith(b, StringComparison.OrdinalIgnoreCase)))
        {
            return JobErrorCode.OutOfMemory;
        }

        return IsFatal(message) ? JobErrorCode.GpuUnrecoverable : JobErrorCode.NodeFailed;
    }

    private static bool IsFatal(string message)
    {
        foreach (var prefix in DriverPrefixes)
        {
            if (message.StartsWith(prefix, StringComparison.OrdinalIgnoreCase)
                && FatalBeginnings.Any(b => message.AsSpan(prefix.Length).StartsWith(b, StringComparison.OrdinalIgnoreCase)))
            {
                return true;
            }
        }

        return false;
    }

    private static string? Text(JsonElement data, string name) =>
        data.ValueKind == JsonValueKind.Object && data.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
