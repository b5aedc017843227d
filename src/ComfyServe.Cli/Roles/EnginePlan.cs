namespace ComfyServe.Cli.Roles;

/// <summary>How an engine of ours is started as a process of its own.</summary>
/// <param name="Folder">Its data folder.</param>
/// <param name="Port">Its port, or 0 for any free one, which it then keeps over all its starts.</param>
/// <param name="Models">Further folders of models.</param>
/// <param name="Fp32">Whether it computes in 32-bit floating point.</param>
/// <param name="Memory">Bytes of memory above which it is started again, or null.</param>
internal sealed record EnginePlan(string Folder, int Port, IReadOnlyList<string> Models, bool Fp32, long? Memory)
{
    /// <summary>The verb and options that start it.</summary>
    /// <param name="port">Its port.</param>
    public IReadOnlyList<string> Command(int port) =>
    [
        "engine", "--host", "127.0.0.1", "--port", $"{port}", "--data", Folder,
        .. Models.SelectMany(static folder => new[] { "--models", folder }),
        .. Fp32 ? new[] { "--fp32" } : [],
    ];
}
