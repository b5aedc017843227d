using System.Collections.Concurrent;
using System.Text;
using System.Text.Json.Nodes;
using ComfyServe.Workflows.Json;

namespace ComfyServe.Engine.Events;

/// <summary>The connected clients by id. Sending never waits.</summary>
internal sealed class SocketHub
{
    private readonly ConcurrentDictionary<string, EngineSocket> _sockets = new(StringComparer.Ordinal);

    /// <summary>Number of connected clients.</summary>
    public int Count => _sockets.Count;

    /// <summary>Adds a client. An earlier connection with its id gets no more messages.</summary>
    public void Add(string clientId, EngineSocket socket) => _sockets[clientId] = socket;

    /// <summary>Removes a client, unless it has connected again since.</summary>
    public void Remove(string clientId, EngineSocket socket) => _sockets.TryRemove(KeyValuePair.Create(clientId, socket));

    /// <summary>A client's connection; null when it is not connected.</summary>
    public EngineSocket? Find(string clientId) => _sockets.GetValueOrDefault(clientId);

    /// <summary>Sends a message to one client, or to all where there is none.</summary>
    public void Send(string? clientId, OutgoingFrame frame)
    {
        if (clientId is not null)
        {
            Find(clientId)?.Send(frame);
            return;
        }

        foreach (var (_, socket) in _sockets)
        {
            socket.Send(frame);
        }
    }

    /// <summary>Whether a message to this client, or to all where there is none, would reach anybody.</summary>
    public bool Reaches(string? clientId) => clientId is null ? !_sockets.IsEmpty : _sockets.ContainsKey(clientId);

    /// <summary>Tells everybody how many prompts wait or run.</summary>
    public void SendStatus(int remaining)
    {
        if (!_sockets.IsEmpty)
        {
            Send(null, Status(remaining, sid: null));
        }
    }

    /// <summary>The message about the queue.</summary>
    /// <param name="remaining">Prompts that wait or run.</param>
    /// <param name="sid">The client's id, in the first message of its connection only.</param>
    public static OutgoingFrame Status(int remaining, string? sid)
    {
        var text = new StringBuilder(128).Append("{\"type\": \"status\", \"data\": {\"status\": {\"exec_info\": {\"queue_remaining\": ").Append(remaining).Append("}}");
        if (sid is not null)
        {
            text.Append(", \"sid\": ");
            PythonJson.WriteString(text, sid);
        }

        return OutgoingFrame.Text(text.Append("}}").ToString());
    }

    /// <summary><c>{"type": …, "data": …}</c>.</summary>
    public static OutgoingFrame Message(string type, JsonObject data)
    {
        var text = new StringBuilder(256).Append("{\"type\": ");
        PythonJson.WriteString(text, type);
        text.Append(", \"data\": ");
        PythonJson.Write(text, data);
        return OutgoingFrame.Text(text.Append('}').ToString());
    }
}
