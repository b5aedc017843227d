using System.Runtime.InteropServices;
using ComfyServe.Engine.Nodes;

namespace ComfyServe.Engine.Execution;

/// <summary>Exceptions under the names and texts that ComfyUI's users know.</summary>
internal static class ExceptionNames
{
    /// <summary>The dotted name of the class that ComfyUI would throw.</summary>
    public static string TypeOf(Exception exception) => exception switch
    {
        NodeException named => named.Type,
        _ when MemoryExhaustion.Is(exception) => "torch.OutOfMemoryError",
        FileNotFoundException or DirectoryNotFoundException => "FileNotFoundError",
        UnauthorizedAccessException => "PermissionError",
        IOException => "OSError",
        ArgumentException or FormatException => "ValueError",
        OverflowException => "OverflowError",
        DivideByZeroException => "ZeroDivisionError",
        ArithmeticException => "ArithmeticError",
        InvalidCastException => "TypeError",
        IndexOutOfRangeException => "IndexError",
        KeyNotFoundException => "KeyError",
        NullReferenceException => "AttributeError",
        NotImplementedException or NotSupportedException => "NotImplementedError",
        TimeoutException => "TimeoutError",
        InvalidOperationException or ExternalException or OperationCanceledException => "RuntimeError",
        _ => "Exception",
    };

    /// <summary>The text, without what .NET adds to it.</summary>
    public static string MessageOf(Exception exception)
    {
        var message = exception.Message;
        if (exception is ArgumentException { ParamName: { } name })
        {
            var suffix = $" (Parameter '{name}')";
            return message.EndsWith(suffix, StringComparison.Ordinal) ? message[..^suffix.Length] : message;
        }

        return message;
    }

    /// <summary>The places that the exception came through; each line ends with a line feed.</summary>
    public static IReadOnlyList<string> TracebackOf(Exception exception) =>
        [.. (exception.StackTrace ?? "").Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.TrimEnd() + "\n")];
}
