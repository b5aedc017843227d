using ComfyServe.Hosting;
using Microsoft.AspNetCore.Http;

namespace ComfyServe.Gateway.Http;

/// <summary>A payload of a workflow in memory, or the answer to give instead. Disposing gives its memory back to the budget.</summary>
internal sealed class LargeBody : IDisposable
{
    private readonly BodyBudget? _budget;
    private long _taken;

    /// <summary>A body that was not read.</summary>
    public LargeBody(IResult refusal) => Refusal = refusal;

    /// <summary>A body that was read, a JSON object.</summary>
    public LargeBody(ReadOnlyMemory<byte> bytes, BodyBudget budget, long taken) => (Bytes, _budget, _taken) = (bytes, budget, taken);

    /// <summary>The bytes.</summary>
    public ReadOnlyMemory<byte> Bytes { get; }

    /// <summary>The answer to give when there is no body.</summary>
    public IResult? Refusal { get; }

    /// <inheritdoc/>
    public void Dispose() => _budget?.Return(Interlocked.Exchange(ref _taken, 0));
}
