/**
 * StreamsGroupTopologyDescriptionUpdate: a streams client pushes the description of its topology (KIP-1331). Node
 * types: source 1, processor 2, sink 3.
 */
import { array, int8, int16, int32, type MessageType, request, response, string, struct } from '../schema.ts';

const topologyDescriptionNode = {
  name: string(),
  nodeType: int8(),
  sourceTopics: array(string()),
  sinkTopic: string({ nullable: true, default: null }),
  stores: array(string()),
  successors: array(string()),
};

const topologyDescriptionSubtopology = {
  subtopologyId: string(),
  nodes: array(topologyDescriptionNode),
};

const topologyDescriptionGlobalStore = {
  source: struct(topologyDescriptionNode),
  processor: struct(topologyDescriptionNode),
};

const topologyDescription = {
  subtopologies: array(topologyDescriptionSubtopology),
  globalStores: array(topologyDescriptionGlobalStore),
};

export const streamsGroupTopologyDescriptionUpdateRequest = request({
  apiKey: 93,
  name: 'StreamsGroupTopologyDescriptionUpdateRequest',
  versions: '0',
  flexible: '0+',
  listeners: ['broker'],
  fields: {
    groupId: string(),
    memberId: string(),
    topologyEpoch: int32(),
    topologyDescription: struct(topologyDescription),
  },
});
export type StreamsGroupTopologyDescriptionUpdateRequest = MessageType<
  typeof streamsGroupTopologyDescriptionUpdateRequest
>;

export const streamsGroupTopologyDescriptionUpdateResponse = response({
  apiKey: 93,
  name: 'StreamsGroupTopologyDescriptionUpdateResponse',
  versions: '0',
  flexible: '0+',
  fields: {
    throttleTimeMs: int32(),
    errorCode: int16(),
    errorMessage: string({ nullable: true, default: null }),
  },
});
export type StreamsGroupTopologyDescriptionUpdateResponse = MessageType<
  typeof streamsGroupTopologyDescriptionUpdateResponse
>;
