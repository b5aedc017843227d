using System.Buffers;
using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using ComfyServe.Workflows.Json;

namespace ComfyServe.Workflows.Signatures;

/// <summary>
/// Signs nodes by what they and all their ancestors are. Ids do not count: a signature is a hash of the node, of the
/// signatures of what it is linked to in the order of input names, and of which links lead to the same node. So a
/// renumbered workflow has the same signatures, and two equal nodes share one.
/// </summary>
/// <param name="find">The node of an id; null where there is none: a link to it counts as a literal.</param>
public sealed class AncestorSignatures(Func<string, SignedNode?> find)
{
    /// <summary>Stands for the source that closes a cycle.</summary>
    private static readonly byte[] Unsigned = new byte[SHA256.HashSizeInBytes];

    private readonly Dictionary<string, Part?> _parts = new(StringComparer.Ordinal);
    private readonly ArrayBufferWriter<byte> _content = new();

    /// <summary>Number of links that were looked at so far, for tests: each is looked at twice, whatever is asked for.</summary>
    internal long Visits { get; private set; }

    /// <summary>The signature of a node. Each node is hashed once, however many are asked for.</summary>
    /// <exception cref="KeyNotFoundException">There is no such node.</exception>
    public Signature Of(string nodeId, CancellationToken cancellationToken = default)
    {
        var self = Find(nodeId) ?? throw new KeyNotFoundException($"there is no node '{nodeId}'");
        Sign(self, cancellationToken);
        return new Signature(BinaryPrimitives.ReadUInt128LittleEndian(self.Signed));
    }

    /// <summary>Signs a node after its ancestors. An explicit stack: a chain may be longer than the thread's stack allows.</summary>
    private void Sign(Part start, CancellationToken cancellationToken)
    {
        var stack = new Stack<Part>([start]);
        while (stack.TryPeek(out var node))
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (node.Signed is null && node.Next < node.Links.Count)
            {
                // A source that is under way closes a cycle: it has no signature yet, and neither will it ever have a result.
                Visits++;
                var source = Find(node.Links[node.Next++].NodeId)!;
                if (source is { Signed: null, Next: 0 })
                {
                    stack.Push(source);
                }

                continue;
            }

            stack.Pop();
            node.Signed ??= Hash(node);
        }
    }

    private byte[] Hash(Part node)
    {
        _content.ResetWrittenCount();
        _content.Write(node.Digest);
        var places = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var (id, slot) in node.Links)
        {
            Visits++;
            _ = places.TryAdd(id, places.Count);
            var link = _content.GetSpan(2 * sizeof(int));
            BinaryPrimitives.WriteInt32LittleEndian(link, places[id]);
            BinaryPrimitives.WriteInt32LittleEndian(link[sizeof(int)..], slot);
            _content.Advance(2 * sizeof(int));
            _content.Write(Find(id)!.Signed ?? Unsigned);
        }

        return SHA256.HashData(_content.WrittenSpan);
    }

    private Part? Find(string id)
    {
        if (!_parts.TryGetValue(id, out var part))
        {
            _parts[id] = part = find(id) is { } node ? Read(node) : null;
        }

        return part;
    }

    private Part Read(SignedNode node)
    {
        var text = new StringBuilder();
        PythonJson.WriteString(text, node.ClassType);
        AppendOptional(text, node.Fingerprint);
        AppendOptional(text, node.OwnId);
        var links = new List<WorkflowLink>();
        foreach (var (name, value) in node.Inputs.OrderBy(i => i.Key, StringComparer.Ordinal))
        {
            PythonJson.WriteString(text, name);
            if (WorkflowLink.TryRead(value, out var link) && find(link.NodeId) is not null)
            {
                links.Add(link);
                text.Append('@');
            }
            else
            {
                AppendLiteral(text, value);
            }
        }

        return new Part(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())), links);
    }

    private static void AppendOptional(StringBuilder text, string? value)
    {
        text.Append(value is null ? '-' : '+');
        if (value is not null)
        {
            PythonJson.WriteString(text, value);
        }
    }

    /// <summary>Equal values have equal texts: the order of keys and the spelling of numbers do not count.</summary>
    private static void AppendLiteral(StringBuilder text, JsonNode? value)
    {
        switch (value)
        {
            case JsonObject map:
                text.Append('{');
                foreach (var (key, item) in map.OrderBy(i => i.Key, StringComparer.Ordinal))
                {
                    PythonJson.WriteString(text, key);
                    AppendLiteral(text, item);
                }

                text.Append('}');
                break;
            case JsonArray list:
                text.Append('[');
                foreach (var item in list)
                {
                    AppendLiteral(text, item);
                    text.Append(',');
                }

                text.Append(']');
                break;
            default:
                AppendScalar(text, PythonConversion.Scalar(value));
                break;
        }
    }

    private static void AppendScalar(StringBuilder text, object? value)
    {
        switch (value)
        {
            case null:
                text.Append('n');
                break;
            case bool flag:
                text.Append(flag ? 't' : 'f');
                break;
            case string words:
                PythonJson.WriteString(text, words);
                break;
            default:
                text.Append('#').Append(PythonText.Number(value)).Append('#');
                break;
        }
    }

    /// <summary>A node, signed or not yet.</summary>
    private sealed class Part(byte[] digest, IReadOnlyList<WorkflowLink> links)
    {
        /// <summary>What the node itself is.</summary>
        public byte[] Digest { get; } = digest;

        public IReadOnlyList<WorkflowLink> Links { get; } = links;

        /// <summary>The first of the links that was not followed yet.</summary>
        public int Next { get; set; }

        /// <summary>With the ancestors; null until they are signed.</summary>
        public byte[]? Signed { get; set; }
    }
}
