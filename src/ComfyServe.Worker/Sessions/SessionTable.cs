using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using ComfyServe.Worker.Admission;
using ComfyServe.Worker.Forwarding;
using ComfyServe.Worker.Tickets;

namespace ComfyServe.Worker.Sessions;

/// <summary>The open sessions. Thread-safe.</summary>
internal sealed class SessionTable(WorkerOptions options, LoadLedger ledger, ApiService api, TimeProvider time)
{
    private const string Letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    private const int IdLength = 13;
    private readonly Lock _gate = new(); // guards _open and what is in it
    private readonly Dictionary<string, Session> _open = new(StringComparer.Ordinal);

    /// <summary>Whether another session would be too many.</summary>
    public bool IsFull
    {
        get
        {
            lock (_gate)
            {
                return options.MaxSessions != 0 && _open.Count >= options.MaxSessions;
            }
        }
    }

    /// <summary>Opens a session; null when there are too many, in all or of the ticket's key.</summary>
    public Session? Open(Ticket ticket, double cost, SessionWishes wishes)
    {
        var holder = ticket.Data.Grant?.Holder ?? "";
        lock (_gate)
        {
            if (IsFull || (holder.Length > 0 && options.MaxSessionsPerKey > 0 && _open.Values.Count(s => s.Holder == holder) >= options.MaxSessionsPerKey))
            {
                return null;
            }

            var now = Now();
            var session = new Session
            {
                Id = RandomNumberGenerator.GetString(Letters, IdLength),
                AuthData = ticket.Raw,
                Holder = holder,
                Lifetime = wishes.Lifetime,
                Expiration = now + wishes.Lifetime,
                CreatedAt = now,
                OnCloseRoute = wishes.OnCloseRoute,
                OnClosePayload = wishes.OnClosePayload,
                Entry = ledger.TryEnter(ticket.Data.RequestIdx, cost, LoadKind.Session)!,
            };
            ledger.Start(session.Entry);
            _open.Add(session.Id, session);
            return session;
        }
    }

    /// <summary>Looks a session up.</summary>
    public SessionAccess Find(string id, JsonElement ticket, out Session? session)
    {
        lock (_gate)
        {
            return !_open.TryGetValue(id, out session) ? SessionAccess.Unknown
                : ticket.ValueKind == JsonValueKind.Object && JsonElement.DeepEquals(session.AuthData, ticket) ? SessionAccess.Yours
                : SessionAccess.NotYours;
        }
    }

    /// <summary>A request within a session: it lives longer by its lifetime, up to the worker's bound from now.</summary>
    public SessionAccess Use(string id, JsonElement ticket, out Session? session)
    {
        lock (_gate)
        {
            var access = Find(id, ticket, out session);
            if (access == SessionAccess.Yours)
            {
                session!.Expiration = Math.Max(session.Expiration, Math.Min(session.Expiration + session.Lifetime, Now() + options.MaxSessionLifetime.TotalSeconds));
                session.Requests++;
            }

            return access;
        }
    }

    /// <summary>Closes a session, cuts off what runs within it, and tells the API service; false when somebody else did.</summary>
    public async Task<bool> CloseAsync(Session session, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            if (!_open.Remove(session.Id))
            {
                return false;
            }
        }

        await session.CloseAsync();
        ledger.End(session.Entry, WorkOutcome.Served);
        if (session.OnCloseRoute is { } route)
        {
            await api.NotifyAsync(route, Notice(session), cancellationToken);
        }

        return true;
    }

    /// <summary>The sessions whose time is over.</summary>
    public IReadOnlyList<Session> Expired()
    {
        lock (_gate)
        {
            var now = Now();
            return [.. _open.Values.Where(s => s.Expiration <= now)];
        }
    }

    // An object as it is, anything else under 'payload'; and the session's id.
    private static JsonObject Notice(Session session)
    {
        var notice = session.OnClosePayload switch
        {
            null => [],
            JsonObject given => given.DeepClone().AsObject(),
            var scalar => new JsonObject { ["payload"] = scalar.DeepClone() },
        };
        notice.TryAdd("session_id", session.Id);
        return notice;
    }

    private double Now() => time.GetUtcNow().ToUnixTimeMilliseconds() / 1000.0;
}
