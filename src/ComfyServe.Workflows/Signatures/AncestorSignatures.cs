using System.Buffers;
using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using ComfyServe.Workflows.Json;

namespace ComfyServe.Workflows.Signatures;

/// <summary>
/// Signs nodes by what they and all their ancestors are. Ids do not count: ancestors are numbered in the order of a
/// depth-first walk over sorted input names, so a renumbered workflow has the same signatures, and two equal nodes share
/// one.
/// </summary>
/// <param name="find">The node of an id; null where there is none: a link to it counts as a literal.</param>
public sealed class AncestorSignatures(Func<string, SignedNode?> find)
{
    private readonly Dictionary<string, Part?> _parts = new(StringComparer.Ordinal);
    private readonly ArrayBufferWriter<byte> _content = new();

    /// <summary>The signature of a node. Takes time in proportion to the number of its ancestors.</summary>
    /// <exception cref="KeyNotFoundException">There is no such node.</exception>
    public Signature Of(string nodeId, CancellationToken cancellationToken = default)
    {
        var places = new Dictionary<string, int>(StringComparer.Ordinal);
        var ancestors = new List<Part>();
        var self = Find(nodeId) ?? throw new KeyNotFoundException($"there is no node '{nodeId}'");
        Walk(self, places, ancestors, cancellationToken);

        _content.ResetWrittenCount();
        Append(self, places);
        foreach (var ancestor in ancestors)
        {
            Append(ancestor, places);
        }

        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(_content.WrittenSpan, digest);
        return new Signature(BinaryPrimitives.ReadUInt128LittleEndian(digest));
    }

    /// <summary>Numbers the ancestors. An explicit stack: a chain may be longer than the thread's stack allows.</summary>
    private void Walk(Part start, Dictionary<string, int> places, List<Part> ancestors, CancellationToken cancellationToken)
    {
        var stack = new Stack<(Part Node, int Next)>();
        stack.Push((start, 0));
        while (stack.TryPop(out var top))
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (top.Next >= top.Node.Links.Count)
            {
                continue;
            }

            stack.Push((top.Node, top.Next + 1));
            var id = top.Node.Links[top.Next].NodeId;
            if (places.TryAdd(id, places.Count))
            {
                var ancestor = Find(id)!;
                ancestors.Add(ancestor);
                stack.Push((ancestor, 0));
            }
        }
    }

    private void Append(Part node, Dictionary<string, int> places)
    {
        _content.Write(node.Digest);
        foreach (var (id, slot) in node.Links)
        {
            var link = _content.GetSpan(2 * sizeof(int));
            BinaryPrimitives.WriteInt32LittleEndian(link, places[id]);
            BinaryPrimitives.WriteInt32LittleEndian(link[sizeof(int)..], slot);
            _content.Advance(2 * sizeof(int));
        }
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

    /// <summary>A node without its ancestors.</summary>
    private sealed record Part(byte[] Digest, IReadOnlyList<WorkflowLink> Links);
}
