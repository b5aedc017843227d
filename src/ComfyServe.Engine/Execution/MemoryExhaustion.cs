using System.Runtime.InteropServices;

namespace ComfyServe.Engine.Execution;

/// <summary>Recognises that memory ran out.</summary>
internal static class MemoryExhaustion
{
    /// <summary>What the error of such a run says in addition.</summary>
    public const string Tip =
        "Memory ran out. All models were unloaded; the next prompt loads what it needs again. Lower the batch size or the image size, or close other programs that use memory.";

    /// <summary>
    /// libtorch has one exception class for everything, so its allocators are told by their texts: no typed fact exists.
    /// </summary>
    private static readonly string[] AllocatorTexts = ["DefaultCPUAllocator", "CUDA out of memory", "not enough memory: you tried to allocate", "std::bad_alloc"];

    /// <summary>Whether an exception, or its cause, says so.</summary>
    public static bool Is(Exception exception) =>
        exception is OutOfMemoryException
        || (exception is ExternalException && AllocatorTexts.Any(text => exception.Message.Contains(text, StringComparison.Ordinal)))
        || (exception.InnerException is { } cause && Is(cause));
}
