/**
 * Topology of a streams group (type 23): subtopologies with their source, repartition and changelog topics.
 */
import { array, coordinatorKey, coordinatorValue, int16, int32, type MessageType, string } from '../../schema.ts';

export const streamsGroupTopologyKey = coordinatorKey({
  apiKey: 23,
  name: 'StreamsGroupTopologyKey',
  versions: '0',
  flexible: 'none',
  fields: {
    groupId: string(),
  },
});
export type StreamsGroupTopologyKey = MessageType<typeof streamsGroupTopologyKey>;

const topicConfig = {
  key: string(),
  value: string(),
};

const topicInfo = {
  name: string(),
  partitions: int32(),
  replicationFactor: int16(),
  topicConfigs: array(topicConfig),
};

export const streamsGroupTopologyValue = coordinatorValue({
  apiKey: 23,
  name: 'StreamsGroupTopologyValue',
  versions: '0',
  flexible: '0+',
  fields: {
    epoch: int32(),
    subtopologies: array({
      subtopologyId: string(),
      sourceTopics: array(string()),
      sourceTopicRegex: array(string()),
      stateChangelogTopics: array(topicInfo),
      repartitionSinkTopics: array(string()),
      repartitionSourceTopics: array(topicInfo),
      copartitionGroups: array({
        sourceTopics: array(int16()),
        sourceTopicRegex: array(int16()),
        repartitionSourceTopics: array(int16()),
      }),
    }),
  },
});
export type StreamsGroupTopologyValue = MessageType<typeof streamsGroupTopologyValue>;
