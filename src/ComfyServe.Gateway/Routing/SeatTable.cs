using System.Collections.Concurrent;
using System.Security.Cryptography;

namespace ComfyServe.Gateway.Routing;

/// <summary>The endpoints that this gateway routes for.</summary>
internal sealed class SeatTable(GatewayOptions options)
{
    private readonly ConcurrentDictionary<long, EndpointSeat> _seats = new();
    private RequestIndexes _indexes = new(0, RandomNumberGenerator.GetBytes(16));

    /// <summary>This gateway: the number of its start.</summary>
    public long Gateway => _indexes.Start;

    /// <summary>All of them.</summary>
    public IEnumerable<EndpointSeat> All => _seats.Values;

    /// <summary>Sets the gateway's number and the secret order of its indexes, before the first request.</summary>
    public void Number(long start, ReadOnlySpan<byte> key) => _indexes = new RequestIndexes(start, key);

    /// <summary>Whether a request can have this index: not one that this gateway is still to give, which would then belong to two.</summary>
    public bool MayExist(long requestIdx) => _indexes.MayExist(requestIdx);

    /// <summary>The seat of an endpoint; made on first use.</summary>
    public EndpointSeat Seat(long endpointId) =>
        _seats.GetOrAdd(endpointId, static (id, table) => new EndpointSeat(id, new EndpointRouter(table._indexes.Next, table.Limits)), this);

    /// <summary>Drops the seats of endpoints that are gone.</summary>
    public void Keep(Func<long, bool> exists)
    {
        foreach (var id in _seats.Keys.Where(id => !exists(id)))
        {
            if (_seats.TryRemove(id, out var gone))
            {
                gone.Router.Close();
            }
        }
    }

    private RouterLimits Limits => options.Routing;
}
