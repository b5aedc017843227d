using System.Net.Sockets;

namespace ComfyServe.Cli;

/// <summary>Says in our own words what went wrong: what libraries write is meant for programmers.</summary>
internal static class FailureText
{
    private const int DiskFull = 28; // ENOSPC

    /// <summary>One sentence without a full stop. An error of ours has its own.</summary>
    public static string Of(Exception error) => error switch
    {
        _ when error.GetType().Assembly.GetName().Name!.StartsWith("ComfyServe", StringComparison.Ordinal) => error.Message,
        HttpRequestException { InnerException: SocketException socket } => Of(socket),
        HttpRequestException { HttpRequestError: HttpRequestError.NameResolutionError } => "there is no host of that name",
        HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError } => "nothing answers there",
        HttpRequestException { HttpRequestError: HttpRequestError.SecureConnectionError } => "no secure connection: its certificate is not valid, or it does not speak TLS",
        HttpRequestException { HttpRequestError: not HttpRequestError.Unknown } => "the connection broke off, or what answers there does not speak HTTP",
        HttpRequestException { StatusCode: { } status } => $"it answered {(int)status}",
        HttpRequestException => error.Message,
        SocketException socket => Of(socket),
        TimeoutException or OperationCanceledException => "no answer came in time",
        UnauthorizedAccessException => "this user may not do that",
        FileNotFoundException or DirectoryNotFoundException => "the file or folder does not exist",
        PathTooLongException => "the path is too long",
        IOException when (error.HResult & 0xFFFF) == DiskFull => "the disk is full",
        IOException => "the file cannot be read or written",
        _ => "an error of ours; COMFYSERVE_DEBUG=1 shows it, please report it",
    };

    private static string Of(SocketException error) => error.SocketErrorCode switch
    {
        SocketError.ConnectionRefused => "nothing listens there",
        SocketError.HostNotFound or SocketError.NoData or SocketError.TryAgain => "there is no host of that name",
        SocketError.TimedOut => "no answer came in time",
        SocketError.AddressAlreadyInUse => "the port is taken by another program",
        SocketError.AccessDenied => "this user may not use the port",
        SocketError.NetworkUnreachable or SocketError.HostUnreachable => "there is no way to that host",
        _ => "the connection broke off",
    };
}
