using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using BadHttpRequestException = Microsoft.AspNetCore.Http.BadHttpRequestException;

namespace ComfyServe.Hosting.Web;

/// <summary>
/// Bounds the connections of one listener. When one more comes than there may be, the one that has been idle longest is closed: a server
/// that refused the newcomer could be closed to all by whoever holds idle connections. Idle is a connection without a request that the
/// application has let in (<see cref="Admit"/>), whatever trickles in on it. Only when all are at work is the newcomer closed. Thread-safe.
/// </summary>
public sealed class ConnectionBound
{
    private readonly Lock _gate = new(); // guards everything below, and the places' fields
    private readonly LinkedList<Place> _idle = new(); // longest idle first
    private readonly int _most;
    private int _count;

    /// <summary>A bound for one listener.</summary>
    /// <param name="most">Connections at the same time; fewer where the process may not open as many files.</param>
    public ConnectionBound(int most)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(most, 1);
        _most = Math.Min(most, OpenFiles.ForConnections());
    }

    /// <summary>Connections now.</summary>
    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _count;
            }
        }
    }

    /// <summary>Bounds a listener's connections; before <c>UseHttps</c>, so that handshakes count too.</summary>
    /// <param name="listener">The listener.</param>
    public void Apply(ListenOptions listener)
    {
        ArgumentNullException.ThrowIfNull(listener);
        listener.Use(next => connection => ServeAsync(connection, next));
    }

    /// <summary>The application lets a request in: its caller has shown a right to it. Its connection is not idle until the request ends.</summary>
    /// <param name="context">The request.</param>
    public static void Admit(HttpContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        if (context.Features.Get<Place>() is { } place && context.Items.TryAdd(typeof(Place), place))
        {
            place.Bound.Begin(place);
        }
    }

    /// <summary>The same once the request is answered with success: its URL carries the right to it, and whoever serves it knows.</summary>
    /// <param name="context">The request.</param>
    public static void AdmitWhenServed(HttpContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        context.Response.OnStarting(
            static state =>
            {
                var served = (HttpContext)state;
                if (served.Response.StatusCode < StatusCodes.Status300MultipleChoices)
                {
                    Admit(served);
                }

                return Task.CompletedTask;
            },
            context);
    }

    /// <summary>
    /// The first step of a server's requests: notes when an admitted one ends, and answers bodies that break off, are too slow or too large
    /// with their status. Those are their callers' doing, as often as they like: no line in the log for each.
    /// </summary>
    /// <param name="context">The request.</param>
    /// <param name="next">What serves it.</param>
    public static async Task KeepAsync(HttpContext context, RequestDelegate next)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(next);
        try
        {
            await next(context).ConfigureAwait(false);
        }
        catch (BadHttpRequestException error) when (!context.Response.HasStarted)
        {
            context.Response.StatusCode = error.StatusCode;
        }
        catch (Exception error) when (error is IOException or OperationCanceledException && context.RequestAborted.IsCancellationRequested)
        {
            // The caller went away: nobody is left to answer.
        }
        finally
        {
            if (context.Items.Remove(typeof(Place), out var admitted))
            {
                var place = (Place)admitted!;
                place.Bound.End(place);
            }
        }
    }

    private async Task ServeAsync(ConnectionContext connection, ConnectionDelegate next)
    {
        var place = new Place(this, connection);
        connection.Features.Set(place);
        if (Enter(place) is { } closed)
        {
            closed.Connection.Abort(new ConnectionAbortedException("more connections came than there may be, and this one was idle longest"));
        }

        try
        {
            await next(connection).ConfigureAwait(false);
        }
        finally
        {
            Leave(place);
        }
    }

    // Gives back the connection to close, if any.
    private Place? Enter(Place place)
    {
        lock (_gate)
        {
            _count++;
            place.Node = _idle.AddLast(place);
            if (_count <= _most)
            {
                return null;
            }

            var longest = _idle.First!.Value;
            _idle.RemoveFirst();
            longest.Node = null;
            longest.IsClosed = true;
            _count--; // it goes now, if not at this very moment
            return longest;
        }
    }

    private void Leave(Place place)
    {
        lock (_gate)
        {
            _count -= place.IsClosed ? 0 : 1;
            Remove(place);
        }
    }

    private void Begin(Place place)
    {
        lock (_gate)
        {
            place.Requests++;
            Remove(place);
        }
    }

    private void End(Place place)
    {
        lock (_gate)
        {
            place.Requests--;
            if (place.Requests == 0 && !place.IsClosed)
            {
                place.Node = _idle.AddLast(place);
            }
        }
    }

    private void Remove(Place place)
    {
        if (place.Node is { } node)
        {
            _idle.Remove(node);
            place.Node = null;
        }
    }

    /// <summary>A connection's place. Its fields are guarded by its bound's lock.</summary>
    private sealed class Place(ConnectionBound bound, ConnectionContext connection)
    {
        public ConnectionBound Bound { get; } = bound;

        public ConnectionContext Connection { get; } = connection;

        public LinkedListNode<Place>? Node { get; set; }

        public int Requests { get; set; }

        public bool IsClosed { get; set; }
    }
}
